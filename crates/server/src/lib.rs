//! The binary aftercart: commands, configuration, the demo shop.
