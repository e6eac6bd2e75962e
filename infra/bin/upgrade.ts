// Writes the templates that `cargo xtask upgrade` deploys, of this version and, copied there, of an earlier one:
//
//   tsx bin/upgrade.ts --out DIR --architecture arm64|x86_64 --bucket NAME --prefix PREFIX/
//
// DIR/upgrade.template.json has both APIs, events and invitations, DIR/upgrade-session-mode.template.json
// session mode. A property that an earlier version does not have is ignored there.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { App, BootstraplessSynthesizer, Stack, aws_lambda as lambda } from 'aws-cdk-lib';
import { Latchstring, Packages, type LatchstringProps } from '../lib';
import { outputs } from '../lib/stack';

const option = { type: 'string', default: '' } as const;
const { values } = parseArgs({ options: { out: option, architecture: option, bucket: option, prefix: option } });
const architecture = values.architecture === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64;

const common: LatchstringProps = {
  architecture,
  packages: Packages.bucket(values.bucket, values.prefix),
  email: { fromAddress: 'codes@example.com' },
};
const stacks: Record<string, LatchstringProps> = {
  upgrade: {
    ...common,
    api: 'both',
    // In 300 days, by the month: both versions then have the same.
    graphql: { keysExpire: Math.floor(Date.now() / 1000 / (30 * 86400)) * 30 * 86400 + 300 * 86400 },
    events: true,
    // A budget of a day can be spent in a moment.
    settings: { admission: 'invited', codesPerMinute: 5, codesPerHour: 5, codesPerDay: 5 },
  },
  'upgrade-session-mode': { ...common, api: 'http', sessionMode: true },
};

const outdir = fs.mkdtempSync(path.join(os.tmpdir(), 'latchstring-upgrade-'));
try {
  const app = new App({ analyticsReporting: false, outdir });
  for (const [name, props] of Object.entries(stacks)) {
    const stack = new Stack(app, name, { synthesizer: new BootstraplessSynthesizer() });
    outputs(stack, new Latchstring(stack, 'Latchstring', props));
  }
  for (const { stackName, template } of app.synth().stacks) {
    fs.writeFileSync(path.join(values.out, `${stackName}.template.json`), JSON.stringify(template));
  }
} finally {
  fs.rmSync(outdir, { recursive: true });
}
