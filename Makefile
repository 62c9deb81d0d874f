# Only `sam build` uses this file: it calls `build-<logical id>` for each function. All functions run the same program, which the first call
# builds. `cargo xtask` runs everything else.

# The same as the template's parameter Architecture: arm64 or x86_64.
ARCH ?= arm64
BUILD ?= cargo lambda build --release --$(subst _,-,$(ARCH)) --package functions --locked

build-%:
	$(BUILD)
	cp "$${CARGO_TARGET_DIR:-target}/lambda/functions/bootstrap" "$(ARTIFACTS_DIR)/bootstrap"
	chmod 755 "$(ARTIFACTS_DIR)/bootstrap"
