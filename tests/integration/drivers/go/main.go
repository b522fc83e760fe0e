// Go's drivers as programs for the integration tests:
//
//	go_drivers DRIVER door URL...    logs in by each URL, and says in a line who it has become, or why it could not
//	go_drivers DRIVER hosts URL...   says which of the hosts was taken: its port, or why none
//	go_drivers DRIVER application    does what applications do; where, the environment says as for libpq
//
// DRIVER is lib_pq or pgx.
package main

import (
	"fmt"
	"os"
	"strings"
)

// Who one is there, and whether the connection on which the server is asked is encrypted.
const question = "select current_user || ' ' || ssl from pg_stat_ssl where pid = pg_backend_pid()"

const text = "Grüße, 世界, 🐘, it's \\ \"quoted\""

type driver struct {
	ask         func(url string) (string, error)
	port        func(url string) (string, error)
	application []step
}

type step struct {
	name string
	run  func()
}

func must(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func equal(got, wanted interface{}, what string) {
	if got != wanted {
		fail("%s: got %v, wanted %v", what, got, wanted)
	}
}

func fail(format string, values ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}

func eachLine(urls []string, answer func(string) (string, error)) {
	for _, url := range urls {
		said, err := answer(url)
		if err != nil {
			said = err.Error()
		}
		fmt.Println(strings.Join(strings.Fields(said), " "))
	}
}

func main() {
	drivers := map[string]driver{"lib_pq": libPq, "pgx": pgxDriver}
	chosen, known := drivers[os.Args[1]]
	if !known {
		fail("there is no driver %s", os.Args[1])
	}
	switch os.Args[2] {
	case "door":
		eachLine(os.Args[3:], chosen.ask)
	case "hosts":
		eachLine(os.Args[3:], chosen.port)
	default:
		for _, each := range chosen.application {
			fmt.Println(each.name)
			each.run()
		}
	}
}
