@export()
@sealed()
@description('Settings of the loop, named as the app reads them; docs/settings.md says what each does.')
type LoopSettings = {
  @description('Id of the tenant whose bearer tokens open the API.')
  AUTH_TENANT: string?

  @description('For whom a bearer token has to be made out.')
  AUTH_AUDIENCE: string?

  @description('Who signs bearer tokens.')
  AUTH_AUTHORITY: string?

  @description('As which application of the tenant the page signs people in.')
  AUTH_PAGE_CLIENT_ID: string?

  @description('Whether a reward outside -1 to 1 is refused: true or false.')
  STRICT_REWARDS: string?

  @description('How many calls a second one key may make of one loop, on each instance; 0 for no limit.')
  RATE_LIMIT: string?

  @description('Fingerprints of the certificates whose models are taken in, with commas between.')
  TRUSTED_MODEL_SIGNERS: string?

  @description('The longest reward wait time that can be set, such as P30D.')
  MAX_REWARD_WAIT_TIME: string?

  @description('Over how many partitions the rows of a new loop are spread.')
  SHARDS: string?

  @description('How much time one table of the intake covers, such as P1D.')
  INTAKE_SPAN: string?

  @description('How soon after its arrival a call has to be stored, such as PT20S.')
  WRITE_DEADLINE: string?

  @description('How long the trainer waits beyond the reward wait time, such as PT60S.')
  JOIN_GRACE: string?
}

@description('Region of the app.')
param location string

@description('Tags of plan and app.')
param tags { *: string }

@description('Name of the Function App.')
param name string

@description('End of the name of its plan.')
param nameSuffix string

@description('Resource id of the identity that the app runs as.')
param identityId string

@description('Resource id of the identity that the platform stores and fetches the deployed package as.')
param deploymentIdentityId string

@description('Client id of the identity that the app runs as.')
param identityClientId string

@description('Address of the blobs.')
param blobEndpoint string

@description('Address of the tables.')
param tableEndpoint string

@description('Address of the queues.')
param queueEndpoint string

@description('Address of the container that the platform keeps the deployed package in.')
param deploymentContainer string

@description('Name of the vault with the API keys.')
param vaultName string

@description('Where telemetry goes.')
param applicationInsightsConnectionString string

@description('Resource id of the subnet that the app sends its calls through; null without private networking.')
param integrationSubnetId string?

@description('Whether the plan spans the zones of the region.')
param zoneRedundant bool

@description('Python version of the app.')
param pythonVersion string

@description('Memory of one instance in MB.')
param instanceMemoryMB int

@description('How many calls one instance takes at a time.')
param httpConcurrency int

@description('How many instances are kept running for calls.')
param alwaysReadyInstances int

@description('How many instances there may be at most.')
param maximumInstances int

@description('How new code takes over.')
param updateStrategy 'RollingUpdate' | 'Recreate'

@description('When the trainer runs, in NCRONTAB.')
param trainSchedule string

@description('Settings of the loop.')
param loopSettings LoopSettings

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-rankloop-${nameSuffix}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'loop' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
      '${deploymentIdentityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: integrationSubnetId
    siteConfig: {
      http20Enabled: true
      minTlsVersion: '1.2'
    }
    // Recreate is what the platform does unasked. Only who asks for the other strategy sends a property that the types of
    // the API do not have, and that a region may refuse.
    #disable-next-line BCP037
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainer
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: deploymentIdentityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReadyInstances > 0
          ? [
              {
                name: 'http'
                instanceCount: alwaysReadyInstances
              }
            ]
          : []
        triggers: {
          http: { perInstanceConcurrency: httpConcurrency }
        }
      }
      ...(updateStrategy == 'RollingUpdate' ? { siteUpdateStrategy: { type: updateStrategy } } : {})
    }
  }
}

// All settings of the app, and no others: each deployment writes the same ones again, and takes away what was added by hand.
resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    AzureWebJobsStorage__blobServiceUri: blobEndpoint
    AzureWebJobsStorage__tableServiceUri: tableEndpoint
    AzureWebJobsStorage__queueServiceUri: queueEndpoint
    AzureWebJobsDisableHomepage: 'true'
    APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    API_KEY_1: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=api-key-1)'
    API_KEY_2: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=api-key-2)'
    MALLOC_ARENA_MAX: '2'
    MALLOC_MMAP_THRESHOLD_: '1048576'
    MALLOC_TRIM_THRESHOLD_: '8388608'
    TRAIN_SCHEDULE: trainSchedule
    AUTH_TENANT: loopSettings.?AUTH_TENANT ?? ''
    AUTH_AUDIENCE: loopSettings.?AUTH_AUDIENCE ?? ''
    AUTH_AUTHORITY: loopSettings.?AUTH_AUTHORITY ?? ''
    AUTH_PAGE_CLIENT_ID: loopSettings.?AUTH_PAGE_CLIENT_ID ?? ''
    STRICT_REWARDS: loopSettings.?STRICT_REWARDS ?? ''
    RATE_LIMIT: loopSettings.?RATE_LIMIT ?? ''
    TRUSTED_MODEL_SIGNERS: loopSettings.?TRUSTED_MODEL_SIGNERS ?? ''
    MAX_REWARD_WAIT_TIME: loopSettings.?MAX_REWARD_WAIT_TIME ?? ''
    SHARDS: loopSettings.?SHARDS ?? ''
    INTAKE_SPAN: loopSettings.?INTAKE_SPAN ?? ''
    WRITE_DEADLINE: loopSettings.?WRITE_DEADLINE ?? ''
    JOIN_GRACE: loopSettings.?JOIN_GRACE ?? ''
  }
}

// Nobody deploys by password: azd and az do it with the token of who is signed in.
resource publishingByHttp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource publishingByFtp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

@description('Address of the API, without a slash at its end.')
output endpoint string = 'https://${app.properties.defaultHostName}'
