//! Flow definitions, their checks, and the pure state machine that moves an enrolment.
