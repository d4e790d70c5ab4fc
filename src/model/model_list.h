/* Every model family, in the order of `teasel explain`. */
TSL_MODEL(vae)
TSL_MODEL(beta_vae)
TSL_MODEL(c_beta_vae)
TSL_MODEL(beta_tcvae)
TSL_MODEL(gmvae)
