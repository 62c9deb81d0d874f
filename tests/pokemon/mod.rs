mod detail;
mod every;
mod evolutions;
mod list;
