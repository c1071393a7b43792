module oadp.dev/tools/certs

go 1.26
