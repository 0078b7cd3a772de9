-- The tables of python-oauth2 1.1.1: names, types and order of the columns are its own.
CREATE TABLE access_tokens (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, client_id VARCHAR(32) NOT NULL,
  grant_type ENUM('authorization_code', 'implicit', 'password', 'client_credentials', 'refresh_token') NOT NULL,
  token CHAR(36) NOT NULL, expires_at TIMESTAMP NULL, refresh_token CHAR(36) NULL, refresh_expires_at TIMESTAMP NULL, user_id INT NULL,
  INDEX fetch_by_refresh_token (refresh_token), INDEX fetch_existing_token_of_user (client_id, grant_type, user_id)) ENGINE = InnoDB;
CREATE TABLE access_token_scopes (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(32) NOT NULL, access_token_id INT NOT NULL) ENGINE = InnoDB;
CREATE TABLE access_token_data (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, `key` VARCHAR(32) NOT NULL, `value` VARCHAR(32) NOT NULL, access_token_id INT NOT NULL)
  ENGINE = InnoDB;
CREATE TABLE auth_codes (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, client_id VARCHAR(32) NOT NULL, code CHAR(36) NOT NULL, expires_at TIMESTAMP NOT NULL,
  redirect_uri VARCHAR(128) NULL, user_id INT NULL, INDEX fetch_code (code)) ENGINE = InnoDB;
CREATE TABLE auth_code_data (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, `key` VARCHAR(32) NOT NULL, `value` VARCHAR(32) NOT NULL, auth_code_id INT NOT NULL)
  ENGINE = InnoDB;
CREATE TABLE auth_code_scopes (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(32) NOT NULL, auth_code_id INT NOT NULL) ENGINE = InnoDB;
CREATE TABLE clients (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, identifier VARCHAR(32) NOT NULL, secret VARCHAR(32) NOT NULL) ENGINE = InnoDB;
CREATE TABLE client_grants (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(32) NOT NULL, client_id INT NOT NULL) ENGINE = InnoDB;
CREATE TABLE client_redirect_uris (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, redirect_uri VARCHAR(128) NOT NULL, client_id INT NOT NULL) ENGINE = InnoDB;
CREATE TABLE client_response_types (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, response_type VARCHAR(32) NOT NULL, client_id INT NOT NULL) ENGINE = InnoDB;
