//! The log again, columnar and clustered by customer, for questions about everybody.
