/* Every subcommand, in the order of `teasel --help`. */
TSL_COMMAND(run)
TSL_COMMAND(score)
TSL_COMMAND(report)
TSL_COMMAND(explain)
TSL_COMMAND(step)
TSL_COMMAND(encode)
TSL_COMMAND(data)
TSL_COMMAND(score_file)
