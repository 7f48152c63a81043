// Empty: with it main_wasm.go may declare a function without a body.
