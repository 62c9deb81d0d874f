# For `sam build` alone, which calls `build-<logical id>` for each function. The first call builds all of them, at once; the
# others find their binary there. Everything else is `cargo xtask`.

ARCH ?= arm64
BUILD ?= cargo lambda build --release --$(ARCH) --package functions --locked
# Where a function's binary is then.
BUILT ?= target/lambda/$(name)/bootstrap

# GetPokemonFunction is the binary get-pokemon.
name = $(shell echo '$*' | sed -E 's/Function$$//; s/([a-z])([A-Z])/\1-\2/g' | tr '[:upper:]' '[:lower:]')

build-%:
	$(BUILD)
	cp $(BUILT) "$(ARTIFACTS_DIR)/bootstrap"
	chmod 755 "$(ARTIFACTS_DIR)/bootstrap"
