//! What both faces say, as words and as machine output: JSON, CSV, tables, reports.

pub(crate) mod due;
pub(crate) mod incident;
pub(crate) mod json;
pub(crate) mod table;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod words;
