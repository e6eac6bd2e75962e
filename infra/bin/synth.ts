// Writes the templates that need neither CDK nor its bootstrap:
//
//   npm run -s synth -- --out DIR [--architecture arm64|x86_64]
//
// DIR/latchstring.template.json makes a user pool, DIR/latchstring-existing-pool.template.json serves
// one that exists. DIR/latchstring-session-mode.template.json and
// DIR/latchstring-session-mode-existing-pool.template.json do so in session mode.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { App, aws_lambda as lambda } from 'aws-cdk-lib';
import { StandaloneStack } from '../lib';

const ARCHITECTURES: Record<string, lambda.Architecture> = {
  arm64: lambda.Architecture.ARM_64,
  x86_64: lambda.Architecture.X86_64,
};

const { values } = parseArgs({
  options: { out: { type: 'string' }, architecture: { type: 'string', default: 'arm64' } },
});
const architecture = ARCHITECTURES[values.architecture];
if (values.out === undefined || architecture === undefined) {
  console.error('Usage: npm run -s synth -- --out DIR [--architecture arm64|x86_64]');
  process.exit(2);
}

// CDK's own output, an assembly of which only the templates are of use here.
const outdir = fs.mkdtempSync(path.join(os.tmpdir(), 'latchstring-synth-'));
try {
  const app = new App({ analyticsReporting: false, outdir });
  for (const sessionMode of [false, true]) {
    const name = sessionMode ? 'latchstring-session-mode' : 'latchstring';
    new StandaloneStack(app, name, { architecture, existingPool: false, sessionMode });
    new StandaloneStack(app, `${name}-existing-pool`, { architecture, existingPool: true, sessionMode });
  }
  fs.mkdirSync(values.out, { recursive: true });
  for (const stack of app.synth().stacks) {
    const file = path.join(values.out, `${stack.stackName}.template.json`);
    // In one line. CloudFormation takes more than 51,200 bytes from a bucket only, where the zips are too.
    fs.writeFileSync(file, `${JSON.stringify(stack.template)}\n`);
    console.log(file);
  }
} finally {
  fs.rmSync(outdir, { recursive: true });
}
