// A program in Go in the machine that `cargo xtask kernels` boots: HTTPS, and a log like nginx's.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	log, err := os.OpenFile("/tmp/access", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	answer := func(writer http.ResponseWriter, request *http.Request) {
		status := http.StatusOK
		if request.URL.Path == "/missing" {
			status = http.StatusNotFound
		}
		writer.WriteHeader(status)
		fmt.Fprintln(writer, "hello")
		fmt.Fprintf(log, "8443 %s %s %d\n", request.Method, request.URL.RequestURI(), status)
	}
	panic(http.ListenAndServeTLS("127.0.0.1:8443", "/etc/certificate.pem", "/etc/key.pem", http.HandlerFunc(answer)))
}
