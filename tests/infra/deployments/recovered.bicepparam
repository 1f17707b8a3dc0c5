using '../../../infra/main.bicep'

// A vault that was deleted is taken back by someone who gets no role; the environment is spelled otherwise, and one instance
// is kept ready.
param environmentName = 'Shop'
param location = 'westeurope'
param principalId = ''
param recoverVault = true
param alwaysReadyInstances = 1
