package deepflow

import "weir.dev/plugin-sdk-go/deepflow/pb"

// Action is what a function of a Parser answers.
type Action interface {
	result() *action
}

// HttpAction and ParseAction are what older versions call an Action.
type (
	HttpAction  = Action
	ParseAction = Action
)

type action struct {
	// Another plugin may have its turn.
	next  bool
	err   error
	infos []*L7ProtocolInfo
}

func (a *action) result() *action { return a }

var nextAction, abortAction = &action{next: true}, &action{}

// ActionNext: this plugin has nothing to say, the next one is asked.
func ActionNext() Action { return nextAction }

// ActionAbort: this plugin has dealt with it, without a result.
func ActionAbort() Action { return abortAction }

// ActionAbortWithErr is the same, and the error is logged.
func ActionAbortWithErr(err error) Action { return &action{err: err} }

// ParseActionAbortWithL7Info is for OnParsePayload: the records of a payload.
func ParseActionAbortWithL7Info(info []*L7ProtocolInfo) Action { return &action{infos: info} }

// HttpReqActionAbortWithResult is for OnHttpReq: what changes. Each may be nil.
func HttpReqActionAbortWithResult(req *Request, trace *Trace, kv []KeyVal) Action {
	if req == nil {
		req = new(Request)
	}
	return one(L7ProtocolInfo{Req: req, Trace: trace, Kv: kv})
}

// HttpRespActionAbortWithResult is for OnHttpResp: what changes. Each may be nil.
func HttpRespActionAbortWithResult(resp *Response, trace *Trace, kv []KeyVal) Action {
	if resp == nil {
		resp = new(Response)
	}
	return one(L7ProtocolInfo{Resp: resp, Trace: trace, Kv: kv})
}

// CustomMessageActionAbortWithResult is for OnCustomMessage: attributes to add.
func CustomMessageActionAbortWithResult(kv []KeyVal) Action {
	return one(L7ProtocolInfo{Req: new(Request), Resp: new(Response), Kv: kv})
}

func one(info L7ProtocolInfo) Action { return &action{infos: []*L7ProtocolInfo{&info}} }

// Parser is a plugin.
type Parser interface {
	OnHttpReq(*HttpReqCtx) Action
	OnHttpResp(*HttpRespCtx) Action
	OnCustomMessage(*CustomMessageCtx) Action
	OnNatsMessage(pb.NatsMessage) Action
	OnCheckPayload(*ParseCtx) (protoNum uint8, protoStr string, direction uint8)
	OnParsePayload(*ParseCtx) Action
	HookIn() []HookBitmap
	CustomMessageHookIn() uint64
}

// DefaultParser is embedded by plugins that have only some of the functions. Set its Parser to the plugin when OnNatsMessage is one.
type DefaultParser struct {
	Parser
}

// HookIn asks for nothing.
func (DefaultParser) HookIn() []HookBitmap { return nil }

// CustomMessageHookIn asks for nothing.
func (DefaultParser) CustomMessageHookIn() uint64 { return 0 }

// OnHttpReq has nothing to say.
func (DefaultParser) OnHttpReq(*HttpReqCtx) Action { return ActionNext() }

// OnHttpResp has nothing to say.
func (DefaultParser) OnHttpResp(*HttpRespCtx) Action { return ActionNext() }

// OnCustomMessage hands messages of NATS to OnNatsMessage.
func (p DefaultParser) OnCustomMessage(ctx *CustomMessageCtx) Action {
	var message pb.NatsMessage
	if p.Parser == nil || !ctx.CheckParseProtocol(PROTOCOL_NATS, true) || message.UnmarshalVT(ctx.Payload) != nil {
		return ActionNext()
	}
	return p.Parser.OnNatsMessage(message)
}

// OnNatsMessage has nothing to say.
func (DefaultParser) OnNatsMessage(pb.NatsMessage) Action { return ActionNext() }

// OnCheckPayload knows no protocol.
func (DefaultParser) OnCheckPayload(*ParseCtx) (uint8, string, uint8) { return 0, "", 0 }

// OnParsePayload has nothing to say.
func (DefaultParser) OnParsePayload(*ParseCtx) Action { return ActionNext() }

// Parts of a Parser. A plugin written for an older version lacks some of them, and its OnCheckPayload gives no direction.
type (
	payloadParser interface{ OnParsePayload(*ParseCtx) Action }
	checker       interface {
		OnCheckPayload(*ParseCtx) (uint8, string, uint8)
	}
	olderChecker interface {
		OnCheckPayload(*ParseCtx) (uint8, string)
	}
	httpParser interface {
		OnHttpReq(*HttpReqCtx) Action
		OnHttpResp(*HttpRespCtx) Action
	}
	messageParser interface {
		OnCustomMessage(*CustomMessageCtx) Action
		CustomMessageHookIn() uint64
	}
	hooker interface{ HookIn() []HookBitmap }
)

// plugin is what SetParser was given.
var plugin any

// SetParser makes p the plugin's parser: a Parser, or what was one in an older version. Call it in main or in an init function.
func SetParser(p any) {
	if _, ok := p.(hooker); !ok {
		panic("deepflow: a parser has a function HookIn")
	}
	plugin = p
}

// name and version of the plugin; see Identify.
var ownName, ownVersion string

// Identify gives the plugin a name (lower-case letters, digits and dashes) and a version (`1.2.3`), which DeepFlow's do not have. Without
// it they are those of the main package and its module.
func Identify(name, version string) { ownName, ownVersion = name, version }

// hooks joins what HookIn answers.
func hooks() (joined HookBitmap) {
	if plugin == nil {
		return joined
	}
	for _, bitmap := range plugin.(hooker).HookIn() {
		joined[0] |= bitmap[0]
		joined[1] |= bitmap[1]
	}
	return joined
}

func hooksIn(point HookBitmap) bool {
	joined := hooks()
	return joined[0]&point[0] != 0 || joined[1]&point[1] != 0
}

// check gives number and name of the protocol, and 1 or 2 where the plugin says who sent the payload; number 0: not its own.
func check(ctx *ParseCtx) (number uint8, name string, direction uint8) {
	switch p := plugin.(type) {
	case checker:
		return p.OnCheckPayload(ctx)
	case olderChecker:
		number, name = p.OnCheckPayload(ctx)
	}
	return number, name, 0
}

// settle gives the result of an action, which may be nil; false: the next plugin has its turn.
func settle(a Action) ([]*L7ProtocolInfo, bool) {
	if a == nil {
		return nil, false
	}
	result := a.result()
	if result == nil || result.next {
		return nil, false
	}
	if result.err != nil {
		Error("%v", result.err)
		return nil, true
	}
	return result.infos, true
}
