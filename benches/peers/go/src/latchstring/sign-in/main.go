// The work of sign-in: the key ring once, the counters of a budget, a session in two calls.
package main

import (
	"context"
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"latchstring/lambda"
)

type event struct {
	Arguments struct {
		Input struct {
			EmailOrPhone string `json:"emailOrPhone"`
			Method       string `json:"method"`
		} `json:"input"`
	} `json:"arguments"`
}

type answer struct {
	Data map[string]string `json:"data"`
}

func main() {
	config := lambda.Config()
	users := cognito.NewFromConfig(config)
	store := dynamodb.NewFromConfig(config)
	secrets := secretsmanager.NewFromConfig(config)
	var key []byte
	client := aws.String("benchesclient")

	mac := func(text string) string {
		return base64.RawURLEncoding.EncodeToString(lambda.Mac(key, text))
	}

	lambda.Serve(func(e *event) (*answer, error) {
		var err error
		if key == nil {
			if key, err = lambda.Key(secrets); err != nil {
				return nil, err
			}
		}
		username := e.Arguments.Input.EmailOrPhone
		var counters []map[string]dynamodbtypes.AttributeValue
		for _, counter := range []string{"identifier", "deployment"} {
			counters = append(counters, map[string]dynamodbtypes.AttributeValue{
				"pk": &dynamodbtypes.AttributeValueMemberS{Value: mac(counter + username)},
			})
		}
		_, err = store.BatchGetItem(context.Background(), &dynamodb.BatchGetItemInput{
			RequestItems: map[string]dynamodbtypes.KeysAndAttributes{
				"latchstring": {Keys: counters, ConsistentRead: aws.Bool(true)},
			},
		})
		if err != nil {
			return nil, err
		}
		opened, err := users.InitiateAuth(context.Background(), &cognito.InitiateAuthInput{
			AuthFlow:       cognitotypes.AuthFlowTypeCustomAuth,
			ClientId:       client,
			AuthParameters: map[string]string{"USERNAME": username},
		})
		if err != nil {
			return nil, err
		}
		responded, err := users.RespondToAuthChallenge(context.Background(),
			&cognito.RespondToAuthChallengeInput{
				ClientId:      client,
				ChallengeName: cognitotypes.ChallengeNameTypeCustomChallenge,
				Session:       opened.Session,
				ChallengeResponses: map[string]string{
					"USERNAME": opened.ChallengeParameters["USERNAME"],
					"ANSWER":   "select",
				},
				ClientMetadata: map[string]string{"method": "email", "ticket": mac(username)},
			})
		if err != nil {
			return nil, err
		}
		return &answer{Data: map[string]string{"session": *responded.Session}}, nil
	})
}
