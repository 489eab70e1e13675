"""What a review looks for: one file for each rule. `base` is the contract, `registry` finds them."""
