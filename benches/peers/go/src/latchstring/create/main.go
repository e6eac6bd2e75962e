// The work of Create: the key ring once, the conditional writes of a charge and a flow, one mail.
package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	sestypes "github.com/aws/aws-sdk-go-v2/service/ses/types"

	"latchstring/lambda"
)

type event struct {
	Version       string            `json:"version"`
	Region        string            `json:"region"`
	UserPoolID    string            `json:"userPoolId"`
	UserName      string            `json:"userName"`
	CallerContext map[string]string `json:"callerContext"`
	TriggerSource string            `json:"triggerSource"`
	Request       struct {
		UserAttributes map[string]string        `json:"userAttributes"`
		ChallengeName  string                   `json:"challengeName"`
		Session        []map[string]interface{} `json:"session"`
		ClientMetadata map[string]string        `json:"clientMetadata"`
	} `json:"request"`
	Response struct {
		Public   map[string]string `json:"publicChallengeParameters"`
		Private  map[string]string `json:"privateChallengeParameters"`
		Metadata string            `json:"challengeMetadata"`
	} `json:"response"`
}

func main() {
	config := lambda.Config()
	store := dynamodb.NewFromConfig(config)
	secrets := secretsmanager.NewFromConfig(config)
	mail := ses.NewFromConfig(config)
	var key []byte

	write := func(pk string) error {
		_, err := store.PutItem(context.Background(), &dynamodb.PutItemInput{
			TableName: aws.String("latchstring"),
			Item: map[string]dynamodbtypes.AttributeValue{
				"pk":  &dynamodbtypes.AttributeValueMemberS{Value: pk},
				"ttl": &dynamodbtypes.AttributeValueMemberN{Value: "2000000000"},
			},
			ConditionExpression: aws.String("attribute_not_exists(pk)"),
		})
		return err
	}
	updates, err := strconv.Atoi(os.Getenv("UPDATES"))
	if err != nil {
		panic(err)
	}
	count := func(pk string) error {
		_, err := store.UpdateItem(context.Background(), &dynamodb.UpdateItemInput{
			TableName: aws.String("latchstring"),
			Key: map[string]dynamodbtypes.AttributeValue{
				"pk": &dynamodbtypes.AttributeValueMemberS{Value: pk},
			},
			UpdateExpression:         aws.String("ADD #count :one"),
			ConditionExpression:      aws.String("attribute_not_exists(#count) OR #count < :limit"),
			ExpressionAttributeNames: map[string]string{"#count": "count"},
			ExpressionAttributeValues: map[string]dynamodbtypes.AttributeValue{
				":one":   &dynamodbtypes.AttributeValueMemberN{Value: "1"},
				":limit": &dynamodbtypes.AttributeValueMemberN{Value: "5"},
			},
		})
		return err
	}
	content := func(text string) *sestypes.Content {
		return &sestypes.Content{Charset: aws.String("UTF-8"), Data: aws.String(text)}
	}

	lambda.Serve(func(e *event) (*event, error) {
		var err error
		if key == nil {
			if key, err = lambda.Key(secrets); err != nil {
				return nil, err
			}
		}
		var random [16]byte
		if _, err = rand.Read(random[:]); err != nil {
			return nil, err
		}
		flow := base64.RawURLEncoding.EncodeToString(random[:])
		ticket := lambda.Mac(key, e.Request.ClientMetadata["ticket"])
		for update := 0; update < updates; update++ {
			counter := strconv.Itoa(update) + "#" + base64.RawURLEncoding.EncodeToString(ticket)
			if err = count(counter); err != nil {
				return nil, err
			}
		}
		if err = write("flow#" + flow); err != nil {
			return nil, err
		}
		code := fmt.Sprintf("%06d", binary.BigEndian.Uint32(lambda.Mac(key, flow))%1_000_000)
		_, err = mail.SendEmail(context.Background(), &ses.SendEmailInput{
			Source:      aws.String("codes@example.org"),
			Destination: &sestypes.Destination{ToAddresses: []string{e.Request.UserAttributes["email"]}},
			Message: &sestypes.Message{
				Subject: content("Your sign-in code"),
				Body: &sestypes.Body{
					Text: content("Your code is " + code + "."),
					Html: content("<p>Your code is <b>" + code + "</b>.</p>"),
				},
			},
		})
		if err != nil {
			return nil, err
		}
		e.Response.Public = map[string]string{"step": "otp"}
		e.Response.Private = map[string]string{"challenge": flow}
		e.Response.Metadata = flow
		return e, nil
	})
}
