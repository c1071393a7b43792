module oadp.dev/tools/pause

go 1.26
