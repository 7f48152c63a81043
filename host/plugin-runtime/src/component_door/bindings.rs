//! Types and calls of the world `protocol-parser`, made from the WIT at compile time.
#![allow(unsafe_code)] // the macro's implementations of wasmtime's unsafe traits
#![allow(missing_docs, unreachable_pub, clippy::all)]

wasmtime::component::bindgen!({
    path: "../../wit/v0.1",
    world: "protocol-parser",
});
