# What builds, tests and measures Bulletin. Plain cargo works too; this only saves typing.
.DEFAULT_GOAL := help
.PHONY: help demo test check packages bench gallery growth torture

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the whole journey on sample data, with pages to open (ONCE=1: end when the queue is empty)
	cargo build --locked --release
	cargo run --locked --release -q -- demo $(if $(filter-out 0,$(ONCE)),--once)

test: packages check ## install what the tests need, then run every ring of tests
	cargo test --locked

check: ## formatting, lints and documentation, without running anything
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --test torture -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps

packages: ## install the Debian packages and Rust components that the tests need
	@.ci/packages

bench: ## measure the whole journey against other senders (MESSAGES=20000 ROUNDS=5 BIG=1000000 ONLY=rate,cpu)
	@.ci/packages bench
	cargo bench --locked --bench journey -- $(foreach word,MESSAGES ROUNDS BIG ONLY,$(if $($(word)),$(word)=$($(word))))

gallery: ## take pictures of every kind of mail, into docs/gallery
	@.ci/packages gallery
	cargo test --locked --test gallery

growth: ## compute what up to a hundred million mails a day would take (docs/adr/0021-growth.md)
	cargo test --locked --test it growth -- --nocapture

torture: packages ## kill it at every step, opt out at any moment, trouble several daemons, tell stories and histories by seeds, look at every zone's clocks (KILLS=1000 OPTOUTS=1000 DAEMONS=60 SEEDS=10000 LEDGERS=10000 ZONES=597 SEED=1)
	cargo test --locked --test torture -- $(foreach word,KILLS OPTOUTS DAEMONS SEEDS LEDGERS ZONES SEED,$(if $($(word)),$(word)=$($(word))))
