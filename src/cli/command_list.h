/* Every subcommand, in the order of `teasel --help`. */
