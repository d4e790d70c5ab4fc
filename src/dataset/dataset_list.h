/* Every reader of data sets, in the order of `teasel explain`. */
TSL_READER(tubers)
TSL_READER(dsprites)
TSL_READER(arcs)
TSL_READER(idx)
TSL_READER(svhn)
TSL_READER(image_folder)
TSL_READER(hdf5)
TSL_READER(npy)
