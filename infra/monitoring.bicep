@description('Region of the resources.')
param location string

@description('Tags of the resources.')
param tags { *: string }

@description('End of the names.')
param nameSuffix string

@description('How many days the workspace keeps what comes in.')
param retentionDays int

@description('How many GB the workspace takes in a day at most.')
param dailyQuotaGB int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: 'log-rankloop-${nameSuffix}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyQuotaGB }
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

// Without local authentication the connection string is no secret: only identities with a role may send.
resource applicationInsights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-rankloop-${nameSuffix}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource workbook 'Microsoft.Insights/workbooks@2022-04-01' = {
  name: guid(resourceGroup().id, 'workbook', nameSuffix)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Rankloop'
    category: 'workbook'
    sourceId: workspace.id
    version: '1.0'
    serializedData: replace(loadTextContent('workbook.json'), '<workspace>', workspace.id)
  }
}

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('Name of the Application Insights resource.')
output applicationInsightsName string = applicationInsights.name

@description('Where the app sends to. It opens nothing by itself.')
output applicationInsightsConnectionString string = applicationInsights.properties.ConnectionString
