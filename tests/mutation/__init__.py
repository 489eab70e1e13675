"""How many deliberate mistakes in chaosproof/evidence its tests notice: `./run test --mutation --sample 400`."""
