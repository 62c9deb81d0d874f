//! The tests of the house; modules lie where URLs lie.

mod reference;
mod stand_in;

mod pokemon;
