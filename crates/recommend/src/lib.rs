//! Learns from orders what goes with what, and ranks products for one customer.
