// Redact hides what must not be stored: card numbers, values of keys that name a secret, and where the configuration says so the
// literals of SQL statements. README.md has the rules.
//
// Sessions that it could not see because it broke are dropped, not told as they were.
package main

import (
	"bytes"
	"strings"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/sessionhook"
)

// fields whose texts come from users. Ids are left alone: one in ten decimal numbers looks like a card's.
var fields = [...]weir.Field{
	weir.FieldRequestDomain,
	weir.FieldRequestResource,
	weir.FieldEndpoint,
	weir.FieldResponseException,
	weir.FieldResponseResult,
}

// Redact is the hook.
type Redact struct {
	sqlLiterals bool
	// Each rule writes from one into the other.
	buffers [2][]byte
	// A number as text.
	digits []byte
}

// Wanted: every session, and none may pass unseen. The configuration is read here, since it is asked once.
func (r *Redact) Wanted() weir.Interest {
	value, _ := weir.Config("sql-literals")
	r.sqlLiterals = strings.TrimSpace(value) == "true"
	return weir.Interest{Required: true}
}

// Session rewrites the texts that hold something.
func (r *Redact) Session(subject *weir.Subject, patch *weir.Patch) weir.Action {
	for _, field := range fields {
		value := subject.Field(field)
		sql := sqlNone
		if field == weir.FieldRequestResource && r.sqlLiterals {
			sql = dialect(subject.Protocol())
		}
		if text, changed := r.text(value.Bytes(), sql); changed {
			patch.Text(field, text)
		}
	}
	for i := range subject.AttributeCount() {
		key, value := subject.AttributeAt(i)
		if bytes.HasPrefix(key, []byte("trace_id")) {
			continue
		}
		if isSecret(key) && value.IsSet() && string(value.Bytes()) != hidden {
			patch.Attribute(string(key), []byte(hidden))
			continue
		}
		text := value.Bytes()
		if number, ok := value.Number(); ok && text == nil && number > 0 {
			r.digits = value.Append(r.digits[:0])
			text = r.digits
		}
		if text, changed := r.text(text, sqlNone); changed {
			patch.Attribute(string(key), text)
		}
	}
	return weir.ActionNext
}

// hidden stands for a secret.
const hidden = "***"

// text applies all rules, in this order: what one hides the next does not see.
func (r *Redact) text(text []byte, sql sqlDialect) ([]byte, bool) {
	first, second := &r.buffers[0], &r.buffers[1]
	changed := false
	for _, rule := range [...]func(text, into []byte) ([]byte, bool){sql.hideLiterals, hideSecrets, hideCards} {
		into, hit := rule(text, (*first)[:0])
		// A rule may have grown the buffer: keep it.
		*first = into
		if hit {
			text, changed = into, true
			first, second = second, first
		}
	}
	return text, changed
}

func init() {
	sessionhook.Register(weir.About{Name: "redact", Version: "0.1.0"}, &Redact{})
}

func main() {}
