//! Made-up and real conversations.
