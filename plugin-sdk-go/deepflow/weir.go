//go:build !deepflow_abi

package deepflow

import (
	"net"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/httphook"
	"weir.dev/plugin-sdk-go/identity"
	"weir.dev/plugin-sdk-go/messagehook"
	"weir.dev/plugin-sdk-go/parser"
)

func init() {
	parser.Register(weirParser{})
	httphook.Register(weir.About{}, newHttpHook())
	messagehook.Register(weir.About{}, &messageHook{})
	identity.RegisterLater(about)
}

func logLine(level LogLevel, line string) {
	levels := [...]weir.Level{weir.LevelInfo, weir.LevelWarn, weir.LevelError}
	weir.Log(levels[min(int(level), len(levels)-1)], line)
}

// about gives what Identify said, else what the build says.
func about() weir.About {
	start()
	who := weir.About{Name: ownName, Version: ownVersion}
	if info, ok := debug.ReadBuildInfo(); ok && who.Name == "" {
		who.Name, who.Version = info.Path[strings.LastIndexByte(info.Path, '/')+1:], strings.TrimPrefix(info.Main.Version, "v")
	}
	who.Name = strings.Trim(strings.Map(nameLetter, who.Name), "-")
	if who.Name == "" {
		who.Name = "deepflow"
	}
	if who.Version == "" || who.Version == "(devel)" {
		who.Version = "0.0.0"
	}
	return who
}

func nameLetter(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		return r
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	}
	return '-'
}

// Truncation: so many bytes of a payload are shown. DeepFlow's default, and the numbers that it takes.
const (
	truncationDefault = 1024
	truncationLowest  = 256
	truncationHighest = 65535
)

var truncation = truncationDefault

// configure reads the configuration; the host asks for manifest and wishes once, before anything else.
func configure() {
	start()
	text, set := weir.Config("payload-truncation")
	if !set {
		return
	}
	bytes, err := strconv.Atoi(text)
	if err != nil || bytes < truncationLowest || bytes > truncationHighest {
		Warn("payload-truncation: %s is not a number from %d to %d", text, truncationLowest, truncationHighest)
		return
	}
	truncation = bytes
}

func truncated(payload []byte) []byte { return payload[:min(len(payload), truncation)] }

// weirParser is the plugin as a parser.
type weirParser struct{}

// Manifest claims all first bytes: only the plugin knows which are its own.
func (weirParser) Manifest() weir.Manifest {
	configure()
	who := about()
	manifest := weir.Manifest{Name: who.Name, Version: who.Version, Protocols: []string{who.Name}}
	if hooksIn(HOOK_POINT_PAYLOAD_PARSE) {
		manifest.Signatures = []weir.Signature{{Transport: weir.TCP}, {Transport: weir.UDP}}
	}
	return manifest
}

// checkShortest: DeepFlow shows no shorter payload to OnCheckPayload.
const checkShortest = 2

// Check asks the plugin. Addresses and time are not known yet.
func (weirParser) Check(payload []byte, probe weir.Probe) weir.Verdict {
	if len(payload) < checkShortest {
		return weir.VerdictNeedMore
	}
	ctx := ParseCtx{
		SrcPort: probe.SourcePort, DstPort: probe.DestinationPort, L4: l4(probe.Transport), EbpfType: EbpfTypeNone,
		BufSize: uint16(truncation), payload: truncated(payload),
	}
	if probe.Sender == weir.SenderServer {
		ctx.Direction = DirectionResponse
	}
	number, _, direction := check(&ctx)
	switch {
	case number == 0:
		return weir.VerdictNo
	case direction == RESPONSE, direction == 0 && probe.Sender == weir.SenderServer:
		return weir.VerdictServerSpeaks
	}
	return weir.VerdictClientSpeaks
}

func l4(transport weir.Transport) L4Protocol {
	if transport == weir.UDP {
		return UDP
	}
	return TCP
}

// flows numbers connections: a plugin may keep something for each.
var flows uint64

// Open begins a connection; what Check said is asked again with its first payload, which is the same one.
func (weirParser) Open(flow *weir.Flow) weir.Connection {
	flows++
	c := &connection{client: side(flow.Client), server: side(flow.Server)}
	c.ctx = ParseCtx{L4: l4(flow.Transport), EbpfType: EbpfTypeNone, FlowID: flows, BufSize: uint16(truncation)}
	return c
}

// endpoint is an address as the plugin sees it.
type endpoint struct {
	ip   net.IPAddr
	port uint16
}

func side(address netip.AddrPort) endpoint {
	return endpoint{net.IPAddr{IP: address.Addr().AsSlice()}, address.Port()}
}

func (p *ParseCtx) between(source, destination *endpoint) {
	p.SrcIP, p.SrcPort, p.DstIP, p.DstPort = source.ip, source.port, destination.ip, destination.port
}

// missesLimit: after so many payloads in a row that the plugin did not want a connection is not shown to it any more.
const missesLimit = 128

// connection is one that the plugin claimed.
type connection struct {
	weir.NoMemory
	client, server endpoint
	// What the plugin calls the protocol.
	number uint8
	name   string
	misses int
	// Used again for each payload.
	ctx ParseCtx
	// By direction: messages of several records that were begun.
	begun [2][]begun
}

// Parse shows one payload to the plugin.
func (c *connection) Parse(input weir.Input, output weir.Output) weir.Step {
	length := uint64(len(input.Bytes))
	c.ctx.Time, c.ctx.Direction, c.ctx.payload = input.Time/1000, Direction(input.Direction), truncated(input.Bytes)
	if input.Direction == weir.ClientToServer {
		c.ctx.between(&c.client, &c.server)
	} else {
		c.ctx.between(&c.server, &c.client)
	}
	infos, dealt := c.ask()
	c.ctx.payload = nil
	if dealt {
		c.misses = 0
		c.tell(infos, input, output)
	} else if c.misses++; c.misses >= missesLimit {
		return weir.Finished()
	}
	return weir.Consumed(length)
}

func (c *connection) ask() ([]*L7ProtocolInfo, bool) {
	parser, ok := plugin.(payloadParser)
	if !ok {
		return nil, false
	}
	if c.number == 0 {
		c.ctx.L7 = 0
		if c.number, c.name, _ = check(&c.ctx); c.number == 0 {
			return nil, false
		}
	}
	c.ctx.L7 = c.number
	return settle(parser.OnParsePayload(&c.ctx))
}
