package weir

// About says who a plugin is.
type About struct {
	// Name: lower-case letters, digits and dashes; unique in a host.
	Name string
	// Version: `1.2.3`.
	Version string
}

// Manifest is what a parser says of itself. The host reads it once, when the plugin is loaded.
type Manifest struct {
	// Name: lower-case letters, digits and dashes; unique in a host.
	Name string
	// Version: `1.2.3`.
	Version string
	// Protocols as they shall stand in `l7_protocol`. Messages name one by its index.
	Protocols []string
	// Signatures are tests that the host makes before it asks Check: one that fits is enough. None: never asked.
	Signatures []Signature
}

// Signature is a cheap test on the first bytes of a connection, made by the host for all plugins at once.
type Signature struct {
	// Transport: TCP or UDP.
	Transport Transport
	// Offset is where one of AnyOf must stand.
	Offset uint32
	// AnyOf: alternatives of 1 to 16 bytes; none: everything fits.
	AnyOf []string
	// Ports: one of the two ports must be in here; none: any port. Use it only where bytes say too little.
	Ports []uint16
}
