import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameOf, only, templateOf } from './support';

/** The body with its references in words. */
function widgets(props: Parameters<typeof templateOf>[0] = {}) {
  const template = templateOf(props);
  const { DashboardName, DashboardBody } = only(template, 'AWS::CloudWatch::Dashboard').Properties;
  return { template, name: nameOf(DashboardName), widgets: JSON.parse(nameOf(DashboardBody)).widgets };
}

describe('the dashboard', () => {
  const made = widgets({ api: 'both', events: true });

  it('has a name of its own in each Region, as dashboards have none', () => {
    assert.equal(made.name, '${AWS::StackName}-${AWS::Region}');
    assert.equal(widgets({ functionPrefix: 'door' }).name, 'door-${AWS::Region}');
  });

  it('shows every alarm', () => {
    const names = Object.values(made.template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) =>
      nameOf(Properties.AlarmName),
    );
    const arn = 'arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:';
    assert.deepEqual(made.widgets[0].properties.alarms.sort(), names.map((name) => arn + name).sort());
  });

  it('lies on the grid without overlaps', () => {
    const taken = new Set<string>();
    for (const { x, y, width, height } of made.widgets) {
      assert.ok(x + width <= 24 && height > 0);
      for (let column = x; column < x + width; column += 1) {
        for (let row = y; row < y + height; row += 1) {
          assert.ok(!taken.has(`${column} ${row}`), `${column} ${row}`);
          taken.add(`${column} ${row}`);
        }
      }
    }
  });

  it('shows metrics of this deployment alone', () => {
    for (const { properties } of made.widgets.slice(1)) {
      for (const [first, , ...rest] of properties.metrics) {
        if (typeof first === 'object') {
          assert.match(first.expression, /^SEARCH\('\{"Latchstring\/\$\{AWS::StackName\}",|^100 \* \(SUM\(/);
        } else if (first !== 'Latchstring/${AWS::StackName}') {
          assert.match(first, /^AWS\/(Lambda|DynamoDB)$/);
          assert.match(rest[1], /^\$\{AWS::StackName\}-|^\$\{LatchstringTable/);
        }
      }
    }
    const spans = made.widgets.map(({ properties }: { properties: { title: string } }) => properties.title);
    assert.ok(spans.some((title: string) => title.startsWith('Events overdue')));
  });

  it('is left out on request', () => {
    templateOf({ dashboard: false }).resourceCountIs('AWS::CloudWatch::Dashboard', 0);
  });
});
