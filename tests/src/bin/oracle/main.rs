fn main() {}
#[cfg(test)]
mod statistics;
