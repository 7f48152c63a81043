//! Types and calls of all interfaces of a plugin, made from the WIT at compile time. A component exports some of them.
#![allow(unsafe_code)] // the macro's implementations of wasmtime's unsafe traits
#![allow(missing_docs, unreachable_pub, clippy::all)]

wasmtime::component::bindgen!({
    path: "../../wit/v0.1",
    inline: "
        package weir:runtime;

        world any-plugin {
            import weir:plugin/host@0.1.0;
            export weir:plugin/parser@0.1.0;
            export weir:plugin/identity@0.1.0;
            export weir:plugin/http-hook@0.1.0;
            export weir:plugin/message-hook@0.1.0;
            export weir:plugin/session-hook@0.1.0;
        }
    ",
});
