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

// isId: ids join records: one in ten decimal numbers looks like a card's, and a trace that is torn apart helps nobody.
func isId(field weir.Field) bool {
	switch field {
	case weir.FieldRequestId, weir.FieldTraceId, weir.FieldSpanId, weir.FieldParentSpanId, weir.FieldXRequestId:
		return true
	}
	return false
}

// Redact is the hook.
type Redact struct {
	names       names
	sqlLiterals bool
	// Each rule writes from one into the other.
	buffers [2][]byte
	// A number as text.
	digits []byte
}

// Wanted: every session, and none may pass unseen. The configuration is read here, since it is asked once.
func (r *Redact) Wanted() weir.Interest {
	keys, _ := weir.Config("keys")
	r.names = namesWith(keys)
	value, _ := weir.Config("sql-literals")
	r.sqlLiterals = strings.TrimSpace(value) == "true"
	return weir.Interest{Required: true}
}

// Session rewrites the texts that hold something.
func (r *Redact) Session(subject *weir.Subject, patch *weir.Patch) weir.Action {
	for i := range subject.FieldCount() {
		field, value := subject.FieldAt(i)
		if isId(field) {
			continue
		}
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
		text := value.Bytes()
		if _, isNumber := value.Number(); isNumber && text == nil {
			r.digits = value.Append(r.digits[:0])
			text = r.digits
		}
		if r.names.has(key) {
			if string(text) != hidden {
				patch.Attribute(string(key), []byte(hidden))
			}
		} else if text, changed := r.text(text, sqlNone); changed {
			patch.Attribute(string(key), text)
		}
	}
	return weir.ActionNext
}

// hidden stands for a secret.
const hidden = "***"

// text applies all rules, in this order: what one hides the next does not see.
func (r *Redact) text(text []byte, sql sqlDialect) (now []byte, changed bool) {
	now, next := text, 0
	for rule := range 3 {
		into, hit := r.buffers[next][:0], false
		switch rule {
		case 0:
			into, hit = sql.hideLiterals(now, into)
		case 1:
			into, hit = r.names.hideSecrets(now, into)
		case 2:
			into, hit = hideCards(now, into)
		}
		// A rule may have made the buffer larger: keep it.
		r.buffers[next] = into
		if hit {
			now, next, changed = into, 1-next, true
		}
	}
	return now, changed
}

func init() {
	sessionhook.Register(weir.About{Name: "redact", Version: "0.1.0"}, &Redact{})
}

func main() {}
