mod by_hand;
mod detail;
mod every;
mod evolutions;
mod hiding;
mod list;
mod served;
mod writer;
