// Command certs makes the keys and certificates of a development cluster.
//
// It reads a JSON list of requests on standard input and writes <name>.crt and <name>.key for each into the folder
// given as its only argument. A request without "signer" makes a certificate authority of its own; a later request
// names that authority as its signer. A request with "keyOnly" makes a key without a certificate.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

type request struct {
	Name          string   `json:"name"`
	Signer        string   `json:"signer"`
	KeyOnly       bool     `json:"keyOnly"`
	CommonName    string   `json:"commonName"`
	Organizations []string `json:"organizations"`
	Hosts         []string `json:"hosts"`
}

type pair struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "certs:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: certs <folder>, with a JSON list of requests on standard input")
	}
	var requests []request
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		return fmt.Errorf("reading the requests: %w", err)
	}
	authorities := map[string]pair{}
	for i, r := range requests {
		made, err := issue(os.Args[1], r, int64(i+1), authorities)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		if r.Signer == "" && !r.KeyOnly {
			authorities[r.Name] = made
		}
	}
	return nil
}

func issue(folder string, r request, serial int64, authorities map[string]pair) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	keyBytes, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return pair{}, err
	}
	if err := write(folder, r.Name+".key", "EC PRIVATE KEY", keyBytes, 0o600); err != nil {
		return pair{}, err
	}
	if r.KeyOnly {
		return pair{key: key}, nil
	}
	// Backdated, so that a clock set back a little on the machine does not make the cluster unreachable.
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: r.CommonName, Organization: r.Organizations},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range r.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	signer := pair{certificate: template, key: key}
	if r.Signer == "" {
		template.IsCA = true
		template.BasicConstraintsValid = true
		template.KeyUsage |= x509.KeyUsageCertSign
		template.ExtKeyUsage = nil
	} else {
		known, ok := authorities[r.Signer]
		if !ok {
			return pair{}, fmt.Errorf("signer %q is not among the authorities made before it", r.Signer)
		}
		signer = known
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.certificate, &key.PublicKey, signer.key)
	if err != nil {
		return pair{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return pair{}, err
	}
	return pair{certificate, key}, write(folder, r.Name+".crt", "CERTIFICATE", der, 0o644)
}

func write(folder, name, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}
