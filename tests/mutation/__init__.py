"""How many deliberate mistakes in judging and packing the tests notice: `./run test --mutation --sample 400`."""
