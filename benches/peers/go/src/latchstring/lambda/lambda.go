// Package lambda is the common part of both functions: the loop of the Runtime API, which has no
// Debian package.
package lambda

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Config is the SDK's own configuration.
func Config() aws.Config {
	loaded, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	return loaded
}

// Key reads the key ring.
func Key(secrets *secretsmanager.Client) ([]byte, error) {
	secret, err := secrets.GetSecretValue(context.Background(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("ring")})
	if err != nil {
		return nil, err
	}
	var ring struct {
		Current struct{ Secret string }
	}
	if err := json.Unmarshal([]byte(*secret.SecretString), &ring); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(ring.Current.Secret)
}

// Mac authenticates a text.
func Mac(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// Serve answers events until the process is ended.
func Serve[E any, A any](handle func(*E) (A, error)) {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(api + "next")
		if err != nil {
			return
		}
		body, err := io.ReadAll(next.Body)
		next.Body.Close()
		if err != nil {
			return
		}
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		event := new(E)
		outcome := "/response"
		var answer interface{}
		if err = json.Unmarshal(body, event); err == nil {
			answer, err = handle(event)
		}
		if err != nil {
			outcome = "/error"
			answer = map[string]string{"errorMessage": fmt.Sprint(err), "errorType": "error"}
		}
		text, err := json.Marshal(answer)
		if err != nil {
			return
		}
		posted, err := http.Post(api+id+outcome, "application/json", bytes.NewReader(text))
		if err != nil {
			return
		}
		io.Copy(io.Discard, posted.Body)
		posted.Body.Close()
	}
}
