// An app of SST 3, whose components are Pulumi's: `sst deploy`.
export default $config({
  app() {
    return { name: 'acme', home: 'aws' };
  },
  async run() {
    const { latchstring } = await import('./latchstring');
    const signIn = latchstring('Latchstring', {
      folder: 'latchstring-lambdas-arm64',
      parameters: { Api: 'http', EmailFromAddress: 'codes@example.com', AllowOrigins: 'https://app.example.com' },
    });
    return { url: signIn.outputs.apply((outputs) => outputs.HttpUrl) };
  },
});
