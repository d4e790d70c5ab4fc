/* Every subcommand, in the order of `teasel --help`. */
TSL_COMMAND(plan)
TSL_COMMAND(explain)
TSL_COMMAND(step)
TSL_COMMAND(encode)
TSL_COMMAND(score_file)
