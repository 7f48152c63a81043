module weir.dev/plugin-sdk-go

go 1.24
