package cases

import (
	"encoding/hex"
	"fmt"
	"testing"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/weirtest"
)

type parserCase struct {
	Name       string      `json:"name"`
	Segments   [][2]string `json:"segments"`
	Messages   []message   `json:"messages"`
	Violations int         `json:"violations"`
	AnySplit   bool        `json:"any_split"`
}

type message struct {
	Kind        string `json:"kind"`
	Status      string `json:"status"`
	Correlation uint64 `json:"correlation"`
	Start       uint64 `json:"start"`
	End         uint64 `json:"end"`
	Fields      []pair `json:"fields"`
}

// RunParser lets a parser read each conversation of tests/hooks/NAME.json.
func RunParser(t *testing.T, name string, parser weir.Parser) {
	t.Helper()
	var all []parserCase
	read(t, name, &all)
	if len(all) < 12 {
		t.Fatalf("only %d cases", len(all))
	}
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			h := weirtest.Tcp(parser)
			var script []weirtest.Segment
			for _, segment := range c.Segments {
				bytes, err := hex.DecodeString(segment[1])
				if err != nil {
					t.Fatal(err)
				}
				direction := weir.Direction(index(t, segment[0], "client", "server"))
				script = append(script, weirtest.Segment{Direction: direction, Bytes: string(bytes)})
				h.Send(direction, bytes)
			}
			if h.Violations() != c.Violations {
				t.Errorf("%d violations, expected %d", h.Violations(), c.Violations)
			}
			compare(t, c.Messages, h.Messages())
			if c.AnySplit {
				compare(t, c.Messages, weirtest.EverySplit(t, parser, script))
			}
		})
	}
}

func compare(t *testing.T, want []message, told []weirtest.Message) {
	t.Helper()
	if len(told) != len(want) {
		t.Fatalf("%v, expected %d messages", told, len(want))
	}
	for i := range want {
		got, want := &told[i], &want[i]
		kind := weir.Kind(index(t, want.Kind, "request", "response", "one_way"))
		status := weir.Status(index(t, want.Status, "none", "ok", "client_error", "server_error"))
		if got.Kind != kind || got.Status != status || got.Start != want.Start || got.End != want.End {
			t.Errorf("%v, expected %+v", got, want)
		}
		if got.Correlation == nil || *got.Correlation != want.Correlation {
			t.Errorf("%v, expected correlation %d", got, want.Correlation)
		}
		if got, want := fmt.Sprintf("%q", got.Fields), fmt.Sprintf("%q", fields(t, want.Fields)); got != want {
			t.Errorf("fields %s, expected %s", got, want)
		}
	}
}
