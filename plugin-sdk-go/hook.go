package weir

// Interest is what a hook wants to be shown. The host asks once for each instance.
type Interest struct {
	// Protocols as they stand in `l7_protocol`, `*` for all. None: an HttpHook gets HTTP, HTTP2, gRPC and Triple, the others get
	// everything.
	Protocols []string
	// Requests and Responses. A session hook gets each session once and both of this are not read.
	Requests  bool
	Responses bool
	// Head: heads are wanted. When nobody wants them they are never put together.
	Head bool
	// BodyLimit: how many bytes of each body are wanted; 0: none. The host has a limit of its own (1 MiB).
	BodyLimit uint32
	// Required: what this plugin could not see because it broke is dropped rather than told as it was (redaction).
	Required bool
}

// HttpHook observes requests and responses of protocols with HTTP's semantics.
type HttpHook interface {
	Wanted() Interest
	// Request sees a request. Subject and patch are good until the call returns.
	Request(subject *Subject, patch *Patch) Action
	// Response sees a response; that of a session comes right behind its request.
	Response(subject *Subject, patch *Patch) Action
}

// MessageHook observes payloads of any protocol that has them; a stream gives many for one session.
type MessageHook interface {
	Wanted() Interest
	// Message sees one payload.
	Message(subject *Subject, patch *Patch) Action
}

// SessionHook has the last word on finished records: rewrite, redact, drop, sample.
type SessionHook interface {
	Wanted() Interest
	// Session sees one record.
	Session(subject *Subject, patch *Patch) Action
}

// Action says how it goes on with a subject.
type Action uint8

const (
	// ActionNext: the next plugin has its turn.
	ActionNext Action = iota
	// ActionStop: no further plugin is asked in this hook for this one.
	ActionStop
	// ActionDrop: the session is not told, no other hook sees it. Counted under the plugin's name.
	ActionDrop
)

// SessionType says which halves of a session were seen.
type SessionType uint8

const (
	// TypeSession: request and response.
	TypeSession SessionType = iota
	// TypeRequest: no response.
	TypeRequest
	// TypeResponse: no request.
	TypeResponse
)

// SessionStatus says how a session went.
type SessionStatus uint8

const (
	// SessionUnknown: nobody said it.
	SessionUnknown SessionStatus = iota
	// SessionOk: it worked.
	SessionOk
	// SessionClientError: the client did something wrong.
	SessionClientError
	// SessionServerError: the server failed.
	SessionServerError
	// SessionTimeout: no response within the limit.
	SessionTimeout
)
