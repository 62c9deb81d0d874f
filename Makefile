# Only `sam build` uses this file: it calls `build-<logical id>` for each function. The first call builds all functions at once;
# the others find their binary there. `cargo xtask` runs everything else.

# The same as the template's parameter Architecture: arm64 or x86_64.
ARCH ?= arm64
BUILD ?= cargo lambda build --release --$(subst _,-,$(ARCH)) --package functions --locked

# Converts a logical id to the name of a binary: GetPokemonFunction to get-pokemon.
name = $(shell echo '$*' | sed -E 's/Function$$//; s/([a-z])([A-Z])/\1-\2/g' | tr '[:upper:]' '[:lower:]')

build-%:
	$(BUILD)
	cp "target/lambda/$(name)/bootstrap" "$(ARTIFACTS_DIR)/bootstrap"
	chmod 755 "$(ARTIFACTS_DIR)/bootstrap"
