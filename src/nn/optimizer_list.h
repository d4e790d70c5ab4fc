/* Every optimizer. */
TSL_OPTIMIZER(adam)
TSL_OPTIMIZER(adamax)
TSL_OPTIMIZER(sgd)
