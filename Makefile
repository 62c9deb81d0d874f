# For `sam build` alone, which calls `build-<logical id>` for each function. The first call builds all of them, at once; the
# others find their binary there. Everything else is `cargo xtask`.

# As the template's parameter Architecture: arm64 or x86_64.
ARCH ?= arm64
BUILD ?= cargo lambda build --release --$(subst _,-,$(ARCH)) --package functions --locked

# GetPokemonFunction is the binary get-pokemon.
name = $(shell echo '$*' | sed -E 's/Function$$//; s/([a-z])([A-Z])/\1-\2/g' | tr '[:upper:]' '[:lower:]')

build-%:
	$(BUILD)
	cp "target/lambda/$(name)/bootstrap" "$(ARTIFACTS_DIR)/bootstrap"
	chmod 755 "$(ARTIFACTS_DIR)/bootstrap"
