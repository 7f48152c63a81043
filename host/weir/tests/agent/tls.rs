//! `--tls` against real programs: what goes through their TLS libraries is told as if it were not encrypted.

mod go;
mod life;
mod openssl;
mod server;
