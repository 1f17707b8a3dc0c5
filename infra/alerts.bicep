@description('Region of the rules.')
param location string

@description('Tags of the rules.')
param tags { *: string }

@description('End of the names.')
param nameSuffix string

@description('Who gets a mail when an alert begins, and when it is over. If empty, no rule is looked at.')
param email string

@description('Resource id of the Log Analytics workspace that the queries look into.')
param workspaceId string

// Each query gives a row when something is wrong, and none otherwise. A window is at least as long as what its query
// looks back on.
var rules = [
  {
    name: 'no-model'
    title: 'Rankloop: events are due, and no new model comes'
    about: 'For three update periods, and half an hour at least, something that was due was not in the model in use, and no model was published.'
    severity: 2
    every: 'PT15M'
    window: 'P1D'
    query: loadTextContent('queries/no-model.kql')
  }
  {
    name: 'no-run'
    title: 'Rankloop: Rank is called, and the trainer does not run'
    about: 'For half an hour no run of the trainer came to its end, although Rank was called.'
    severity: 1
    every: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('queries/no-run.kql')
  }
  {
    name: 'errors'
    title: 'Rankloop: calls fail'
    about: 'In 15 minutes, more than 1 % of the calls and at least 10 were answered with a status of 500 or more.'
    severity: 1
    every: 'PT5M'
    window: 'PT15M'
    query: loadTextContent('queries/errors.kql')
  }
  {
    name: 'lag'
    title: 'Rankloop: the join is behind'
    about: 'For half an hour, events have been due for more than 5 minutes and were not joined.'
    severity: 2
    every: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('queries/lag.kql')
  }
  {
    name: 'denied'
    title: 'Rankloop: calls are denied'
    about: 'In 15 minutes, at least 100 calls had no key or token that opens what they asked for.'
    severity: 3
    every: 'PT15M'
    window: 'PT15M'
    query: loadTextContent('queries/denied.kql')
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-rankloop-${nameSuffix}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'rankloop'
    emailReceivers: empty(email)
      ? []
      : [
          {
            name: 'owner'
            emailAddress: email
            useCommonAlertSchema: true
          }
        ]
  }
}

// The tables of a new workspace may not be there yet when the rules are made, so the service must not try the queries.
resource alerts 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = [
  for rule in rules: {
    name: 'alert-rankloop-${rule.name}-${nameSuffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: rule.about
      enabled: !empty(email)
      severity: rule.severity
      scopes: [workspaceId]
      evaluationFrequency: rule.every
      windowSize: rule.window
      autoMitigate: true
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]
